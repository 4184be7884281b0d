/* SPDX-License-Identifier: Apache-2.0 */
/* Between the parts of a port: one UART driver and one counter driver per image, chosen by the
 * board's file. The facts of the board come from the generated tsnn_board.h. */
#ifndef TSNN_BOARD_PORT_H_INCLUDED
#define TSNN_BOARD_PORT_H_INCLUDED

#include <stdint.h>

#include "tsnn_board.h"
#include "tsnn_port.h"

/** A device register at an absolute address. */
#define TSNN_REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

/** Set up the UART for 8 data bits, no parity, one stop bit. */
void tsnn_uart_init(void);
/** Start the counter at any value. */
void tsnn_counter_init(void);

#endif /* TSNN_BOARD_PORT_H_INCLUDED */
