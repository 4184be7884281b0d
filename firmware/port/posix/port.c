/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware as a process: the UART is stdin and stdout (pipes or a pseudo-terminal). */
#include <stdlib.h>
#include <unistd.h>

#include "tsnn_port.h"

const uint8_t tsnn_port_counter = TSNN_COUNTER_NONE;
const uint32_t tsnn_port_clock_hz = 0;
const char tsnn_port_board[] = "posix";
const char tsnn_port_core[] = "host";

void tsnn_port_init(void)
{
}

uint8_t tsnn_port_uart_read(void)
{
    uint8_t byte = 0;
    if (read(STDIN_FILENO, &byte, 1) != 1) {
        exit(EXIT_SUCCESS); /* the host has gone */
    }
    return byte;
}

void tsnn_port_uart_write(const uint8_t *data, size_t count)
{
    while (count > 0u) {
        const ssize_t sent = write(STDOUT_FILENO, data, count);
        if (sent <= 0) {
            exit(EXIT_FAILURE);
        }
        data += sent;
        count -= (size_t)sent;
    }
}

uint32_t tsnn_port_ticks(void)
{
    return 0;
}
