/* SPDX-License-Identifier: Apache-2.0 */
/* ST USART of the STM32 F1, F2, F4 and L1 families. Registers: RM0090 (STM32F4) section 30.6,
 * RM0008 (STM32F1) section 27.6. */
#include "tsnn_board_port.h"

#define UART_SR TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x00u)
#define UART_DR TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x04u)
#define UART_BRR TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x08u)
#define UART_CR1 TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x0Cu)

#define UART_SR_OVERRUN 0x08u
#define UART_SR_RX_READY 0x20u
#define UART_SR_TX_EMPTY 0x80u
#define UART_CR1_ENABLE_TX_RX 0x200Cu
#define UART_CR1_RX_INTERRUPT 0x0020u

void tsnn_uart_init(void)
{
    UART_BRR = (TSNN_BOARD_UART_CLOCK_HZ + TSNN_BOARD_UART_BAUD / 2u) / TSNN_BOARD_UART_BAUD;
    UART_CR1 = UART_CR1_ENABLE_TX_RX | UART_CR1_RX_INTERRUPT;
}

int32_t tsnn_uart_take(void)
{
    const uint32_t status = UART_SR;
    if ((status & (UART_SR_RX_READY | UART_SR_OVERRUN)) == 0u) {
        return TSNN_UART_NONE;
    }
    /* Reading the status and then the data also ends an overrun, whose data was read before. */
    const uint32_t data = UART_DR & 0xFFu;
    return ((status & UART_SR_RX_READY) != 0u) ? (int32_t)data : TSNN_UART_NONE;
}

void tsnn_port_uart_write(const uint8_t *data, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        while ((UART_SR & UART_SR_TX_EMPTY) == 0u) {
        }
        UART_DR = data[k];
    }
}
