/* SPDX-License-Identifier: Apache-2.0 */
/* Arm PL011 UART (Stellaris LM3S, RP2040, RP2350). Registers: Arm DDI 0183, PrimeCell UART PL011,
 * chapter 3. The FIFOs stay off, so that each byte raises the interrupt. */
#include "tsnn_board_port.h"

#define UART_DR TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x00u)
#define UART_FR TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x18u)
#define UART_IBRD TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x24u)
#define UART_FBRD TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x28u)
#define UART_LCRH TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x2Cu)
#define UART_CR TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x30u)
#define UART_IMSC TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x38u)

#define UART_FR_RX_EMPTY 0x10u
#define UART_FR_TX_FULL 0x20u
#define UART_LCRH_8_BITS 0x60u
#define UART_CR_ENABLE_TX_RX 0x301u
#define UART_IMSC_RX 0x10u

/* The divisor in 64ths: clock / (16 * baud). */
#define UART_DIVISOR_64 \
    ((TSNN_BOARD_UART_CLOCK_HZ * 4u + TSNN_BOARD_UART_BAUD / 2u) / TSNN_BOARD_UART_BAUD)

void tsnn_uart_init(void)
{
    UART_CR = 0;
    UART_IBRD = UART_DIVISOR_64 / 64u;
    UART_FBRD = UART_DIVISOR_64 % 64u;
    UART_LCRH = UART_LCRH_8_BITS; /* the divisor takes effect with this write */
    UART_IMSC = UART_IMSC_RX;
    UART_CR = UART_CR_ENABLE_TX_RX;
}

int32_t tsnn_uart_take(void)
{
    if ((UART_FR & UART_FR_RX_EMPTY) != 0u) {
        return TSNN_UART_NONE;
    }
    return (int32_t)(UART_DR & 0xFFu);
}

void tsnn_port_uart_write(const uint8_t *data, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        while ((UART_FR & UART_FR_TX_FULL) != 0u) {
        }
        UART_DR = data[k];
    }
}
