/*
 * The version this tree was built as: MESOS_VERSION, a string such as "0.22.0".
 * The Makefile's VERSION decides and passes it to every object.
 */
#pragma once

#ifndef MESOS_VERSION
#error "MESOS_VERSION comes from the Makefile"
#endif
