/* SPDX-License-Identifier: Apache-2.0 */
#include "tsnn_crc32.h"

/* The reflected polynomial 0xEDB88320 by half bytes: 64 bytes of flash. */
static const uint32_t tsnn_crc32_table[16] = {0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu,
                                              0x76DC4190u, 0x6B6B51F4u, 0x4DB26158u, 0x5005713Cu,
                                              0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu,
                                              0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu};

uint32_t tsnn_crc32(uint32_t crc, const void *data, size_t n)
{
    const uint8_t *bytes = data;
    uint32_t value = ~crc;
    if (n == 0u) {
        return crc;
    }
    do {
        value ^= *bytes;
        value = tsnn_crc32_table[value & 15u] ^ (value >> 4);
        value = tsnn_crc32_table[value & 15u] ^ (value >> 4);
        bytes++;
        n--;
    } while (n != 0u);
    return ~value;
}
