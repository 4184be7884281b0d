/* SPDX-License-Identifier: Apache-2.0 */
#include "tsnn_arduino.h"

#include "tsnn_export.h"

extern "C" {
#include "tsnn_port.h"
#include "tsnn_wire.h"
}

const uint8_t tsnn_port_counter = TSNN_COUNTER_TIMER;
const uint32_t tsnn_port_clock_hz = 1000000u; /* micros() */
const char tsnn_port_board[] = TSNN_EXPORT_BOARD;
const char tsnn_port_core[] = TSNN_EXPORT_CORE;

/** How long to wait for a line that takes nothing, as USB without a host: the host asks again. */
static const unsigned long TSNN_STUCK_MS = 1000;

static Stream *tsnn_line;
static tsnn_wire_t tsnn_wire;

void tsnn_port_init(void)
{
}

uint8_t tsnn_port_uart_read(void)
{
    int byte = tsnn_line->read();
    while (byte < 0) {
        yield();
        byte = tsnn_line->read();
    }
    return static_cast<uint8_t>(byte);
}

void tsnn_port_uart_write(const uint8_t *data, size_t count)
{
    unsigned long since = millis();
    while (count > 0 && millis() - since < TSNN_STUCK_MS) {
        const size_t sent = tsnn_line->write(data, count);
        if (sent > 0) {
            data += sent;
            count -= sent;
            since = millis();
        } else {
            yield();
        }
    }
}

uint32_t tsnn_port_ticks(void)
{
    return static_cast<uint32_t>(micros());
}

void tsnn_arduino_begin(Stream &line)
{
    tsnn_line = &line;
    tsnn_port_init();
    tsnn_wire_init(&tsnn_wire);
}

void tsnn_arduino_poll()
{
    while (tsnn_line->available() > 0) {
        tsnn_wire_receive(&tsnn_wire, tsnn_port_uart_read());
    }
}
