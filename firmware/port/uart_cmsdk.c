/* SPDX-License-Identifier: Apache-2.0 */
/* Arm CMSDK APB UART (MPS2 and MPS3 FPGA images). Registers: Arm DDI 0479, Cortex-M System Design
 * Kit, section 4.4. */
#include "tsnn_board_port.h"

#define UART_DATA TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x00u)
#define UART_STATE TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x04u)
#define UART_CTRL TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x08u)
#define UART_INTCLEAR TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x0Cu)
#define UART_BAUDDIV TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x10u)

#define UART_STATE_TX_FULL 0x1u
#define UART_STATE_RX_FULL 0x2u
#define UART_CTRL_TX_RX_ENABLE 0x3u
#define UART_CTRL_RX_INTERRUPT 0x8u
#define UART_INTCLEAR_RX 0x2u

void tsnn_uart_init(void)
{
    UART_BAUDDIV = TSNN_BOARD_UART_CLOCK_HZ / TSNN_BOARD_UART_BAUD;
    UART_CTRL = UART_CTRL_TX_RX_ENABLE | UART_CTRL_RX_INTERRUPT;
}

int32_t tsnn_uart_take(void)
{
    if ((UART_STATE & UART_STATE_RX_FULL) == 0u) {
        return TSNN_UART_NONE;
    }
    UART_INTCLEAR = UART_INTCLEAR_RX; /* before the read, which may bring the next byte */
    return (int32_t)(UART_DATA & 0xFFu);
}

void tsnn_port_uart_write(const uint8_t *data, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        while ((UART_STATE & UART_STATE_TX_FULL) != 0u) {
        }
        UART_DATA = data[k];
    }
}
