/* SPDX-License-Identifier: Apache-2.0 */
#include "tsnn_reply.h"

#include "tsnn_cobs.h"
#include "tsnn_crc32.h"
#include "tsnn_port.h"

#define TSNN_TYPE_ERROR 0xFFu

tsnn_reply_t tsnn_reply_start(uint8_t *data, uint8_t type, uint16_t seq)
{
    tsnn_reply_t reply = {data, 0};
    tsnn_reply_u8(&reply, type);
    tsnn_reply_u16(&reply, seq);
    return reply;
}

void tsnn_reply_u8(tsnn_reply_t *reply, uint32_t value)
{
    reply->data[reply->count] = (uint8_t)(value & 0xFFu);
    reply->count++;
}

void tsnn_reply_u16(tsnn_reply_t *reply, uint32_t value)
{
    tsnn_reply_u8(reply, value);
    tsnn_reply_u8(reply, value >> 8);
}

void tsnn_reply_u32(tsnn_reply_t *reply, uint32_t value)
{
    tsnn_reply_u16(reply, value);
    tsnn_reply_u16(reply, value >> 16);
}

void tsnn_reply_bytes(tsnn_reply_t *reply, const uint8_t *bytes, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        tsnn_reply_u8(reply, bytes[k]);
    }
}

void tsnn_reply_text(tsnn_reply_t *reply, const char *text, size_t max)
{
    size_t count = 0;
    while (count < max && text[count] >= ' ' && text[count] <= '~' && text[count] != '(') {
        count++;
    }
    while (count > 0u && text[count - 1u] == ' ') {
        count--;
    }
    tsnn_reply_u8(reply, (uint32_t)count);
    for (size_t k = 0; k < count; k++) {
        tsnn_reply_u8(reply, (uint32_t)text[k]);
    }
}

size_t tsnn_reply_seal(tsnn_reply_t *reply)
{
    tsnn_reply_u32(reply, tsnn_crc32(0, reply->data, reply->count));
    return reply->count;
}

tsnn_reply_t tsnn_reply_error(uint8_t *data, uint16_t seq, uint8_t code, uint32_t detail)
{
    tsnn_reply_t reply = tsnn_reply_start(data, TSNN_TYPE_ERROR, seq);
    tsnn_reply_u8(&reply, code);
    tsnn_reply_u16(&reply, detail);
    return reply;
}

void tsnn_reply_send(const uint8_t *payload, size_t length)
{
    static const uint8_t delimiter = 0;
    size_t at = 0;
    bool more = true;
    tsnn_port_uart_write(&delimiter, 1);
    while (more) {
        const size_t run = tsnn_cobs_run(&payload[at], length - at);
        const uint8_t code = (uint8_t)(run + 1u);
        tsnn_port_uart_write(&code, 1);
        tsnn_port_uart_write(&payload[at], run);
        at += run;
        more = at < length;
        if (more && run < TSNN_COBS_RUN_MAX) {
            at++; /* the zero that ended the run; one at the very end needs a last, empty run */
        }
    }
    tsnn_port_uart_write(&delimiter, 1);
}

void tsnn_reply_hint(uint16_t seq, uint8_t code, uint32_t detail)
{
    uint8_t payload[TSNN_ERROR_BYTES];
    tsnn_reply_t reply = tsnn_reply_error(payload, seq, code, detail);
    const size_t length = tsnn_reply_seal(&reply);
    tsnn_reply_send(payload, length);
}
