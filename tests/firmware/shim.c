/* SPDX-License-Identifier: Apache-2.0 */
/* Flat functions around the COBS code, for ctypes. */
#include "tsnn_cobs.h"
#include "tsnn_port.h"
#include "tsnn_reply.h"

#define SHIM_ROOM 4096u

size_t shim_encode(const uint8_t *data, size_t count, uint8_t *out);
size_t shim_decode(const uint8_t *data, size_t count, uint8_t *out, size_t room, int *event);

static uint8_t shim_sent[SHIM_ROOM];
static size_t shim_count;

void tsnn_port_uart_write(const uint8_t *data, size_t count)
{
    for (size_t k = 0; k < count && shim_count < SHIM_ROOM; k++) {
        shim_sent[shim_count] = data[k];
        shim_count++;
    }
}

/** Send data as a frame into out; the number of bytes. */
size_t shim_encode(const uint8_t *data, size_t count, uint8_t *out)
{
    shim_count = 0;
    tsnn_reply_send(data, count);
    for (size_t k = 0; k < shim_count; k++) {
        out[k] = shim_sent[k];
    }
    return shim_count;
}

/** Push all bytes; the last event that is not MORE, and the length of its frame. */
size_t shim_decode(const uint8_t *data, size_t count, uint8_t *out, size_t room, int *event)
{
    tsnn_cobs_decoder_t decoder;
    size_t length = 0;
    *event = (int)TSNN_COBS_MORE;
    tsnn_cobs_start(&decoder, out, room);
    for (size_t k = 0; k < count; k++) {
        const tsnn_cobs_event_t now = tsnn_cobs_push(&decoder, data[k]);
        if (now != TSNN_COBS_MORE) {
            *event = (int)now;
            length = decoder.length;
        }
    }
    return length;
}
