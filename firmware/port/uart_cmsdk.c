/* SPDX-License-Identifier: Apache-2.0 */
/* Arm CMSDK APB UART (MPS2 and MPS3 FPGA images). */
#include "tsnn_board_port.h"

#define UART_DATA TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x00u)
#define UART_STATE TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x04u)
#define UART_CTRL TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x08u)
#define UART_BAUDDIV TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x10u)

#define UART_STATE_TX_FULL 0x1u
#define UART_STATE_RX_FULL 0x2u
#define UART_CTRL_TX_RX_ENABLE 0x3u

void tsnn_uart_init(void)
{
    UART_BAUDDIV = TSNN_BOARD_UART_CLOCK_HZ / TSNN_BOARD_UART_BAUD;
    UART_CTRL = UART_CTRL_TX_RX_ENABLE;
}

uint8_t tsnn_port_uart_read(void)
{
    while ((UART_STATE & UART_STATE_RX_FULL) == 0u) {
    }
    return (uint8_t)UART_DATA;
}

void tsnn_port_uart_write(const uint8_t *data, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        while ((UART_STATE & UART_STATE_TX_FULL) != 0u) {
        }
        UART_DATA = data[k];
    }
}
