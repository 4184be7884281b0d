/* SPDX-License-Identifier: Apache-2.0 */
/* Saved weights of the firmware as a process: memory that behaves as flash does. */
#include <string.h>

#include "tsnn_port.h"

#define SECTOR_BYTES 4096u
#define SECTORS 4u
#define WRITE_BYTES 8u

static uint8_t tsnn_posix_flash[SECTOR_BYTES * SECTORS];

const tsnn_port_flash_t tsnn_port_flash = {tsnn_posix_flash, SECTOR_BYTES, SECTORS, WRITE_BYTES,
                                           0xFF};

tsnn_flash_status_t tsnn_port_flash_erase(uint32_t sector)
{
    if (sector >= SECTORS) {
        return TSNN_FLASH_BAD_RANGE;
    }
    (void)memset(&tsnn_posix_flash[sector * SECTOR_BYTES], 0xFF, SECTOR_BYTES);
    return TSNN_FLASH_OK;
}

tsnn_flash_status_t tsnn_port_flash_program(uint32_t offset, const uint8_t *data, size_t count)
{
    if (offset > sizeof tsnn_posix_flash || count > sizeof tsnn_posix_flash - offset ||
        ((offset | count) & (WRITE_BYTES - 1u)) != 0u) {
        return TSNN_FLASH_BAD_RANGE;
    }
    for (size_t k = 0; k < count; k++) {
        tsnn_posix_flash[offset + k] &= data[k];
        if (tsnn_posix_flash[offset + k] != data[k]) {
            return TSNN_FLASH_FAILED; /* it was not erased */
        }
    }
    return TSNN_FLASH_OK;
}
