/* The release that these headers belong to: what a module is compiled for. */
#pragma once

#ifndef MESOS_VERSION
#define MESOS_VERSION "0.22.0"
#endif
