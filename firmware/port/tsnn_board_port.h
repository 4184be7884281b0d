/* SPDX-License-Identifier: Apache-2.0 */
/* Between the parts of a port. One UART driver, one way of receiving, one counter and, where the
 * board's file names them, one clock and one flash driver make an image. The facts of the board
 * come from the generated tsnn_board.h. */
#ifndef TSNN_BOARD_PORT_H_INCLUDED
#define TSNN_BOARD_PORT_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#include "tsnn_board.h"
#include "tsnn_port.h"

/** A device register at an absolute address. */
#define TSNN_REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define TSNN_REGISTER8(address) (*(volatile uint8_t *)(uintptr_t)(address))
#define TSNN_REGISTER16(address) (*(volatile uint16_t *)(uintptr_t)(address))

/** What tsnn_uart_take returns when no byte has arrived. */
#define TSNN_UART_NONE (-1)

/** Most looks at a register for a bit that the hardware is to set. More than any oscillator or PLL
 *  here takes to start (some ten milliseconds at 12 MHz); where there is none, as in an emulator,
 *  the firmware goes on after a moment. */
#define TSNN_LOOKS 100000u

/** Wait until the masked bits of a register have a value; false if they do not get there. */
bool tsnn_wait_for(uint32_t address, uint32_t mask, uint32_t value);

/** Bring the core to TSNN_BOARD_CLOCK_HZ; leaves the clock as it was where a part of it does not
 *  start. */
void tsnn_clock_init(void);

/** Set up the UART for 8 data bits, no parity, one stop bit, with its receive interrupt on. */
void tsnn_uart_init(void);
/** The byte that has arrived, or TSNN_UART_NONE. Ends the interrupt's cause. */
int32_t tsnn_uart_take(void);
/** The UART's interrupt. */
void tsnn_uart_handler(void);

/** Start the counter at any value. */
void tsnn_counter_init(void);

#endif /* TSNN_BOARD_PORT_H_INCLUDED */
