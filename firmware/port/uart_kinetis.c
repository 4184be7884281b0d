/* SPDX-License-Identifier: Apache-2.0 */
/* NXP Kinetis K UART, byte-wide registers. K64 Sub-Family Reference Manual, chapter 52. The FIFOs
 * stay off, so that each byte raises the interrupt. */
#include "tsnn_board_port.h"

#define UART_BDH TSNN_REGISTER8(TSNN_BOARD_UART_BASE + 0x0u)
#define UART_BDL TSNN_REGISTER8(TSNN_BOARD_UART_BASE + 0x1u)
#define UART_C2 TSNN_REGISTER8(TSNN_BOARD_UART_BASE + 0x3u)
#define UART_S1 TSNN_REGISTER8(TSNN_BOARD_UART_BASE + 0x4u)
#define UART_D TSNN_REGISTER8(TSNN_BOARD_UART_BASE + 0x7u)
#define UART_C4 TSNN_REGISTER8(TSNN_BOARD_UART_BASE + 0xAu)

#define UART_C2_RX_INTERRUPT_TX_RX 0x2Cu
#define UART_S1_OVERRUN 0x08u
#define UART_S1_RX_READY 0x20u
#define UART_S1_TX_EMPTY 0x80u

/** Clock cycles of a sixteenth of a bit, in 32nds. */
#define UART_DIVISOR_32 \
    ((TSNN_BOARD_UART_CLOCK_HZ * 2u + TSNN_BOARD_UART_BAUD / 2u) / TSNN_BOARD_UART_BAUD)

void tsnn_uart_init(void)
{
    UART_C2 = 0;
    UART_BDH = (uint8_t)(UART_DIVISOR_32 / 32u / 256u);
    UART_BDL = (uint8_t)(UART_DIVISOR_32 / 32u % 256u);
    UART_C4 = (uint8_t)(UART_DIVISOR_32 % 32u);
    UART_C2 = UART_C2_RX_INTERRUPT_TX_RX;
}

int32_t tsnn_uart_take(void)
{
    const uint32_t status = UART_S1;
    if ((status & (UART_S1_RX_READY | UART_S1_OVERRUN)) == 0u) {
        return TSNN_UART_NONE;
    }
    /* Reading the status and then the data also ends an overrun. */
    const uint8_t data = UART_D;
    return ((status & UART_S1_RX_READY) != 0u) ? (int32_t)data : TSNN_UART_NONE;
}

void tsnn_port_uart_write(const uint8_t *data, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        while ((UART_S1 & UART_S1_TX_EMPTY) == 0u) {
        }
        UART_D = data[k];
    }
}
