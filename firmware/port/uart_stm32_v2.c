/* SPDX-License-Identifier: Apache-2.0 */
/* ST USART of the STM32 F0, F3, F7, G0, G4, H7, L0, L4 and U5 families. Registers: RM0351 (STM32L4)
 * section 40.8; RM0433 (STM32H7) section 48.7. */
#include "tsnn_board_port.h"

#define UART_CR1 TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x00u)
#define UART_CR3 TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x08u)
#define UART_BRR TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x0Cu)
#define UART_ISR TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x1Cu)
#define UART_RDR TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x24u)
#define UART_TDR TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x28u)

#define UART_CR1_ENABLE 0x01u
#define UART_CR1_TX_RX 0x0Cu
#define UART_CR1_RX_INTERRUPT 0x20u
#define UART_CR3_NO_OVERRUN 0x1000u
#define UART_ISR_RX_READY 0x20u
#define UART_ISR_TX_EMPTY 0x80u

/** Clock cycles of a bit. */
#define UART_DIVISOR ((TSNN_BOARD_UART_CLOCK_HZ + TSNN_BOARD_UART_BAUD / 2u) / TSNN_BOARD_UART_BAUD)

void tsnn_uart_init(void)
{
    UART_CR1 = 0;
    UART_CR3 = UART_CR3_NO_OVERRUN; /* a byte too many replaces the last one, and nothing stops */
    UART_BRR = UART_DIVISOR;
    UART_CR1 = UART_CR1_TX_RX | UART_CR1_RX_INTERRUPT;
    UART_CR1 |= UART_CR1_ENABLE;
}

int32_t tsnn_uart_take(void)
{
    if ((UART_ISR & UART_ISR_RX_READY) == 0u) {
        return TSNN_UART_NONE;
    }
    return (int32_t)(UART_RDR & 0xFFu);
}

void tsnn_port_uart_write(const uint8_t *data, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        while ((UART_ISR & UART_ISR_TX_EMPTY) == 0u) {
        }
        UART_TDR = data[k];
    }
}
