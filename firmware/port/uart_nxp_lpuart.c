/* SPDX-License-Identifier: Apache-2.0 */
/* NXP LPUART (i.MX RT). i.MX RT1060 Processor Reference Manual, chapter "LPUART". */
#include "tsnn_board_port.h"

#define UART_BAUD TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x10u)
#define UART_STAT TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x14u)
#define UART_CTRL TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x18u)
#define UART_DATA TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x1Cu)

#define UART_BAUD_OVERSAMPLE_16 0x0F000000u
#define UART_STAT_OVERRUN 0x00080000u
#define UART_STAT_RX_READY 0x00200000u
#define UART_STAT_TX_EMPTY 0x00800000u
#define UART_CTRL_RX_INTERRUPT_TX_RX 0x002C0000u

/** Clock cycles of a sixteenth of a bit. */
#define UART_DIVISOR \
    ((TSNN_BOARD_UART_CLOCK_HZ + TSNN_BOARD_UART_BAUD * 8u) / (TSNN_BOARD_UART_BAUD * 16u))

void tsnn_uart_init(void)
{
    UART_CTRL = 0;
    UART_BAUD = UART_BAUD_OVERSAMPLE_16 | UART_DIVISOR;
    UART_CTRL = UART_CTRL_RX_INTERRUPT_TX_RX;
}

int32_t tsnn_uart_take(void)
{
    const uint32_t status = UART_STAT;
    if ((status & UART_STAT_OVERRUN) != 0u) {
        UART_STAT = UART_STAT_OVERRUN; /* writing the bit clears it; nothing arrives before */
    }
    if ((status & UART_STAT_RX_READY) == 0u) {
        return TSNN_UART_NONE;
    }
    return (int32_t)(UART_DATA & 0xFFu);
}

void tsnn_port_uart_write(const uint8_t *data, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        while ((UART_STAT & UART_STAT_TX_EMPTY) == 0u) {
        }
        UART_DATA = data[k];
    }
}
