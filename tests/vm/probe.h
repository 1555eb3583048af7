/* What the two halves of the probe share. */
#pragma once

#define PROBE_NAME_MAX 64
