/* SPDX-License-Identifier: Apache-2.0 */
/* What a board has to provide. All of it; nothing else differs between boards. */
#ifndef TSNN_PORT_H_INCLUDED
#define TSNN_PORT_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

/** Counter kinds, as in SPEC.md 3.3 (`counter`). */
#define TSNN_COUNTER_NONE 0u
#define TSNN_COUNTER_INSTRUCTIONS 1u
#define TSNN_COUNTER_CYCLES 2u
#define TSNN_COUNTER_TIMER 3u

/** Bring up clock, UART and counter. */
void tsnn_port_init(void);
/** Wait for one byte from the host. */
uint8_t tsnn_port_uart_read(void);
/** Send count bytes; returns when the last one has been accepted by the UART. */
void tsnn_port_uart_write(const uint8_t *data, size_t count);
/** Free-running 32-bit counter; its kind is tsnn_port_counter, its rate tsnn_port_clock_hz. */
uint32_t tsnn_port_ticks(void);

extern const uint8_t tsnn_port_counter;
extern const uint32_t tsnn_port_clock_hz;
extern const char tsnn_port_board[];
extern const char tsnn_port_core[];

#endif /* TSNN_PORT_H_INCLUDED */
