/* SPDX-License-Identifier: Apache-2.0 */
/* Serves the models of this library to `tinysnn run --on serial` from an Arduino sketch. */
#ifndef TSNN_ARDUINO_H_INCLUDED
#define TSNN_ARDUINO_H_INCLUDED

#include <Arduino.h>

/** Use a line that has been begun, such as Serial; it must outlive the sketch. */
void tsnn_arduino_begin(Stream &line);

/** Take what has arrived and answer it; call it from loop(). */
void tsnn_arduino_poll();

#endif /* TSNN_ARDUINO_H_INCLUDED */
