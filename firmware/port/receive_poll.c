/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving without interrupts: for emulators, whose UARTs wait until the firmware looks. */
#include "tsnn_board_port.h"

uint8_t tsnn_port_uart_read(void)
{
    int32_t byte;
    do {
        byte = tsnn_uart_take();
    } while (byte == TSNN_UART_NONE);
    return (uint8_t)byte;
}
