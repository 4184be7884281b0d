/* SPDX-License-Identifier: Apache-2.0 */
/* One UART on standard input and output. Waiting for the semaphore is when its interrupt comes,
 * with a few bytes at a time. */
#include <stdlib.h>
#include <unistd.h>
#include <zephyr/device.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/ring_buffer.h>

#define FIFO_BYTES 7

struct device {
    int ready;
};
const struct device stub_uart = {1};

static uart_irq_callback_user_data_t callback;
static void *callback_data;
static int enabled;
static uint8_t fifo[FIFO_BYTES];
static int in_fifo;

bool device_is_ready(const struct device *dev)
{
    return dev->ready != 0;
}

int uart_irq_callback_user_data_set(const struct device *dev, uart_irq_callback_user_data_t cb,
                                    void *user_data)
{
    callback = cb;
    callback_data = user_data;
    return dev == &stub_uart ? 0 : -1;
}

void uart_irq_rx_enable(const struct device *dev)
{
    enabled = dev == &stub_uart;
}

int uart_irq_update(const struct device *dev)
{
    return dev == &stub_uart;
}

int uart_irq_rx_ready(const struct device *dev)
{
    return dev == &stub_uart && in_fifo > 0;
}

int uart_fifo_read(const struct device *dev, uint8_t *rx_data, const int size)
{
    const int count = in_fifo < size ? in_fifo : size;
    (void)dev;
    for (int k = 0; k < count; k++) {
        rx_data[k] = fifo[k];
    }
    in_fifo = 0;
    return count;
}

int uart_poll_in(const struct device *dev, unsigned char *p_char)
{
    (void)dev;
    if (read(STDIN_FILENO, p_char, 1) != 1) {
        exit(EXIT_SUCCESS);
    }
    return 0;
}

void uart_poll_out(const struct device *dev, unsigned char out_char)
{
    if (dev != &stub_uart || write(STDOUT_FILENO, &out_char, 1) != 1) {
        exit(EXIT_FAILURE);
    }
}

void k_sem_give(struct k_sem *sem)
{
    sem->count = 1;
}

int k_sem_take(struct k_sem *sem, k_timeout_t timeout)
{
    (void)timeout;
    while (sem->count == 0) {
        const ssize_t got = read(STDIN_FILENO, fifo, FIFO_BYTES);
        if (got <= 0 || !enabled) {
            exit(EXIT_SUCCESS);
        }
        in_fifo = (int)got;
        callback(&stub_uart, callback_data);
    }
    sem->count = 0;
    return 0;
}

void k_yield(void)
{
}

uint32_t k_cycle_get_32(void)
{
    static uint32_t cycles;
    return cycles += 100u;
}

uint32_t ring_buf_put(struct ring_buf *buf, const uint8_t *data, uint32_t size)
{
    uint32_t count = 0;
    while (count < size && buf->head - buf->tail < buf->size) {
        buf->data[buf->head++ % buf->size] = data[count++];
    }
    return count;
}

uint32_t ring_buf_get(struct ring_buf *buf, uint8_t *data, uint32_t size)
{
    uint32_t count = 0;
    while (count < size && buf->tail != buf->head) {
        data[count++] = buf->data[buf->tail++ % buf->size];
    }
    return count;
}
