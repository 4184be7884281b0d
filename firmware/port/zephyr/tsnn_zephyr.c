/* SPDX-License-Identifier: Apache-2.0 */
#include "tsnn_zephyr.h"

#include <errno.h>
#include <zephyr/device.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/ring_buffer.h>

#include "tsnn_export.h"
#include "tsnn_port.h"
#include "tsnn_wire.h"

#if DT_HAS_CHOSEN(tinysnn_uart)
#define TSNN_UART_NODE DT_CHOSEN(tinysnn_uart)
#elif DT_HAS_CHOSEN(zephyr_shell_uart)
#define TSNN_UART_NODE DT_CHOSEN(zephyr_shell_uart)
#else
#define TSNN_UART_NODE DT_CHOSEN(zephyr_console)
#endif

/* k_cycle_get_32: the core's cycles or a slower timer, as the board has it. */
const uint8_t tsnn_port_counter = TSNN_COUNTER_TIMER;
const uint32_t tsnn_port_clock_hz = CONFIG_SYS_CLOCK_HW_CYCLES_PER_SEC;
const char tsnn_port_board[] = TSNN_EXPORT_BOARD;
const char tsnn_port_core[] = TSNN_EXPORT_CORE;

static const struct device *const tsnn_uart = DEVICE_DT_GET(TSNN_UART_NODE);

#if defined(CONFIG_UART_INTERRUPT_DRIVEN)
#define TSNN_CHUNK_BYTES 16u

RING_BUF_DECLARE(tsnn_received, CONFIG_TINYSNN_RX_BYTES);
K_SEM_DEFINE(tsnn_arrived, 0, 1);

/** Takes bytes out of the UART in its interrupt. What does not fit is lost: the frame it was part
 *  of fails its checksum and the host sends it again. */
static void tsnn_on_interrupt(const struct device *uart, void *unused)
{
    uint8_t chunk[TSNN_CHUNK_BYTES];
    (void)unused;
    for (;;) {
        (void)uart_irq_update(uart);
        if (uart_irq_rx_ready(uart) <= 0) {
            break;
        }
        const int count = uart_fifo_read(uart, chunk, (int)sizeof(chunk));
        if (count <= 0) {
            break;
        }
        (void)ring_buf_put(&tsnn_received, chunk, (uint32_t)count);
    }
    k_sem_give(&tsnn_arrived);
}

static int tsnn_listen(void)
{
    if (!device_is_ready(tsnn_uart)) {
        return -ENODEV;
    }
    const int status = uart_irq_callback_user_data_set(tsnn_uart, tsnn_on_interrupt, NULL);
    if (status == 0) {
        uart_irq_rx_enable(tsnn_uart);
    }
    return status;
}

uint8_t tsnn_port_uart_read(void)
{
    uint8_t byte = 0;
    while (ring_buf_get(&tsnn_received, &byte, 1) == 0u) {
        (void)k_sem_take(&tsnn_arrived, K_FOREVER);
    }
    return byte;
}
#else
static int tsnn_listen(void)
{
    return device_is_ready(tsnn_uart) ? 0 : -ENODEV;
}

uint8_t tsnn_port_uart_read(void)
{
    uint8_t byte = 0;
    while (uart_poll_in(tsnn_uart, &byte) != 0) {
        k_yield();
    }
    return byte;
}
#endif

void tsnn_port_uart_write(const uint8_t *data, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        uart_poll_out(tsnn_uart, data[k]);
    }
}

uint32_t tsnn_port_ticks(void)
{
    return k_cycle_get_32();
}

void tsnn_port_init(void)
{
}

int tsnn_zephyr_serve(void)
{
    static tsnn_wire_t wire;
    const int status = tsnn_listen();
    if (status != 0) {
        return status;
    }
    tsnn_wire_init(&wire);
    for (;;) {
        tsnn_wire_receive(&wire, tsnn_port_uart_read());
    }
}
