/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a sketch as a process: setup() and loop(), for ever or for STUB_LOOPS passes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "Arduino.h"

SerialStub Serial;
static unsigned long now_us;

void setup();
void loop();

void SerialStub::begin(unsigned long baud)
{
    begun = baud == 115200ul;
}

SerialStub::operator bool() const
{
    return begun;
}

int SerialStub::available()
{
    unsigned char byte;
    if (waiting < 0) {
        if (::read(STDIN_FILENO, &byte, 1) != 1) {
            exit(EXIT_SUCCESS);
        }
        waiting = byte;
    }
    return 1;
}

int SerialStub::read()
{
    const int byte = waiting;
    waiting = -1;
    return byte;
}

/* Takes at most three bytes at a time, and now and then none, as a line that is busy does. */
size_t SerialStub::write(const uint8_t *data, size_t count)
{
    static unsigned turn;
    turn++;
    if (!begun || turn % 4u == 0u) {
        return 0;
    }
    const ssize_t sent = ::write(STDOUT_FILENO, data, count < 3 ? count : 3);
    return sent > 0 ? static_cast<size_t>(sent) : 0;
}

static size_t put(const char *text)
{
    return fwrite(text, 1, strlen(text), stdout);
}

size_t Stream::print(uint32_t value)
{
    char text[16];
    snprintf(text, sizeof text, "%lu", static_cast<unsigned long>(value));
    return put(text);
}

size_t Stream::print(int32_t value)
{
    char text[16];
    snprintf(text, sizeof text, "%ld", static_cast<long>(value));
    return put(text);
}

size_t Stream::print(char value)
{
    const char text[] = {value, '\0'};
    return put(text);
}

size_t Stream::println(const char *text)
{
    return put(text) + put("\n");
}

unsigned long micros()
{
    return now_us += 10;
}

unsigned long millis()
{
    return micros() / 1000;
}

void delay(unsigned long ms)
{
    now_us += 1000 * ms;
}

void yield()
{
}

int main()
{
    const char *passes = getenv("STUB_LOOPS");
    setup();
    for (long k = passes ? atol(passes) : -1; k != 0; k--) {
        loop();
    }
    return 0;
}
