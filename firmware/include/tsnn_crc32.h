/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TSNN_CRC32_H_INCLUDED
#define TSNN_CRC32_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

/**
 * CRC-32 as in zlib, continued: crc is 0 at first, then the last result.
 * @param data n bytes; may be NULL if n is 0
 */
uint32_t tsnn_crc32(uint32_t crc, const void *data, size_t n);

#endif /* TSNN_CRC32_H_INCLUDED */
