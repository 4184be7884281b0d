/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving by interrupt into a ring. The core sleeps while it has nothing to do. */
#include "tsnn_board_port.h"

/** A power of two. A UART at 115,200 baud fills it in 11 ms. */
#define TSNN_RING_BYTES 128u

static volatile uint8_t tsnn_ring[TSNN_RING_BYTES];
/** Bytes put in and taken out since reset, modulo 2^32; their difference is what is in it. Only
 *  the handler changes the one, while interrupts are on, and only the reader the other. */
static volatile uint32_t tsnn_ring_in;
static volatile uint32_t tsnn_ring_out;

/** Move what has arrived into the ring, as long as there is room. */
static void tsnn_ring_fill(void)
{
    uint32_t in = tsnn_ring_in;
    while (in - tsnn_ring_out < TSNN_RING_BYTES) {
        const int32_t byte = tsnn_uart_take();
        if (byte == TSNN_UART_NONE) {
            break;
        }
        tsnn_ring[in % TSNN_RING_BYTES] = (uint8_t)byte;
        in++;
    }
    tsnn_ring_in = in;
}

void tsnn_uart_handler(void)
{
    tsnn_ring_fill();
    if (tsnn_ring_in - tsnn_ring_out == TSNN_RING_BYTES) {
        /* No room: what comes now is lost. The frame's CRC will tell, and the host sends again. */
        while (tsnn_uart_take() != TSNN_UART_NONE) {
        }
    }
}

/** Sleep until something may have arrived. Interrupts are off from the last look to the sleep: one
 *  that comes in between is pending then, and ends the sleep at once. The look of its own also
 *  serves a core without an interrupt controller. */
static void tsnn_ring_wait(void)
{
    __asm__ volatile("cpsid i" : : : "memory");
    tsnn_ring_fill();
    if (tsnn_ring_in == tsnn_ring_out) {
        __asm__ volatile("dsb\n\twfi" : : : "memory");
    }
    __asm__ volatile("cpsie i\n\tisb" : : : "memory");
}

uint8_t tsnn_port_uart_read(void)
{
    const uint32_t out = tsnn_ring_out;
    while (tsnn_ring_in == out) {
        tsnn_ring_wait();
    }
    const uint8_t byte = tsnn_ring[out % TSNN_RING_BYTES];
    tsnn_ring_out = out + 1u;
    return byte;
}
