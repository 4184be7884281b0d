/* SPDX-License-Identifier: Apache-2.0 */
/* Nordic UART with EasyDMA (nRF52, nRF53, nRF91), one byte at a time each way: the UART keeps up to
 * four more while a byte is being taken. Registers: nRF52840 Product Specification, chapter
 * "UARTE"; the same in the later families. */
#include "tsnn_board_port.h"

#define UARTE_STARTRX TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x000u)
#define UARTE_STARTTX TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x008u)
#define UARTE_ENDRX TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x110u)
#define UARTE_ENDTX TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x120u)
#define UARTE_INTENSET TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x304u)
#define UARTE_ENABLE TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x500u)
#define UARTE_BAUDRATE TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x524u)
#define UARTE_RXD_PTR TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x534u)
#define UARTE_RXD_MAXCNT TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x538u)
#define UARTE_TXD_PTR TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x544u)
#define UARTE_TXD_MAXCNT TSNN_REGISTER(TSNN_BOARD_UART_BASE + 0x548u)

#define UARTE_INTENSET_ENDRX 0x10u
#define UARTE_ENABLED 8u

/* The register holds baud * 2^32 / 16 MHz, rounded to a multiple of 4096 as in Nordic's table. */
#define UARTE_RATE \
    ((uint32_t)((TSNN_BOARD_UART_BAUD * 0x400000ull / 15625u + 0x800u) / 0x1000u) * 0x1000u)

/** What the DMA reads and writes; it reaches RAM only. */
static volatile uint8_t tsnn_uarte_received;
static volatile uint8_t tsnn_uarte_sent;

void tsnn_uart_init(void)
{
    UARTE_BAUDRATE = UARTE_RATE;
    UARTE_RXD_PTR = (uint32_t)(uintptr_t)&tsnn_uarte_received;
    UARTE_RXD_MAXCNT = 1;
    UARTE_TXD_PTR = (uint32_t)(uintptr_t)&tsnn_uarte_sent;
    UARTE_TXD_MAXCNT = 1;
    UARTE_INTENSET = UARTE_INTENSET_ENDRX;
    UARTE_ENABLE = UARTE_ENABLED;
    UARTE_STARTRX = 1;
}

int32_t tsnn_uart_take(void)
{
    if (UARTE_ENDRX == 0u) {
        return TSNN_UART_NONE;
    }
    const uint8_t byte = tsnn_uarte_received;
    UARTE_ENDRX = 0;
    UARTE_STARTRX = 1;
    return (int32_t)byte;
}

void tsnn_port_uart_write(const uint8_t *data, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        tsnn_uarte_sent = data[k];
        UARTE_ENDTX = 0;
        UARTE_STARTTX = 1;
        while (UARTE_ENDTX == 0u) {
        }
    }
}
