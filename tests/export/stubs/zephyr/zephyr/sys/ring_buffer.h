/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STUB_RING_BUFFER_H_INCLUDED
#define STUB_RING_BUFFER_H_INCLUDED

#include <stdint.h>

struct ring_buf {
    uint8_t *data;
    uint32_t size;
    uint32_t head;
    uint32_t tail;
};
#define RING_BUF_DECLARE(name, bytes) \
    static uint8_t name##_data[bytes]; \
    static struct ring_buf name = {name##_data, (bytes), 0, 0}

uint32_t ring_buf_put(struct ring_buf *buf, const uint8_t *data, uint32_t size);
uint32_t ring_buf_get(struct ring_buf *buf, uint8_t *data, uint32_t size);

#endif
