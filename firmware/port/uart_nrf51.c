/* SPDX-License-Identifier: Apache-2.0 */
/* Nordic UART without DMA (nRF51). Registers: nRF51 Series Reference Manual, chapter "UART". */
#include "tsnn_board_port.h"

#define UART_STARTRX TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x000u)
#define UART_STARTTX TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x008u)
#define UART_RXDRDY TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x108u)
#define UART_TXDRDY TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x11Cu)
#define UART_INTENSET TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x304u)
#define UART_ENABLE TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x500u)
#define UART_RXD TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x518u)
#define UART_TXD TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x51Cu)
#define UART_BAUDRATE TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x524u)

#define UART_INTENSET_RXDRDY 0x4u
#define UART_ENABLED 4u

/* The register holds baud * 2^32 / 16 MHz, rounded to a multiple of 4096 as in Nordic's table. */
#define UART_RATE \
    ((uint32_t)((TSNN_BOARD_UART_BAUD * 0x400000ull / 15625u + 0x800u) / 0x1000u) * 0x1000u)

void tsnn_uart_init(void)
{
    UART_BAUDRATE = UART_RATE;
    UART_ENABLE = UART_ENABLED;
    UART_INTENSET = UART_INTENSET_RXDRDY; /* QEMU's model takes it only from here on */
    UART_STARTRX = 1;
    UART_STARTTX = 1;
}

int32_t tsnn_uart_take(void)
{
    if (UART_RXDRDY == 0u) {
        return TSNN_UART_NONE;
    }
    UART_RXDRDY = 0; /* before the read, which may bring the next byte out of the buffer */
    return (int32_t)(UART_RXD & 0xFFu);
}

void tsnn_port_uart_write(const uint8_t *data, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        UART_TXD = data[k];
        while (UART_TXDRDY == 0u) {
        }
        UART_TXDRDY = 0;
    }
}
