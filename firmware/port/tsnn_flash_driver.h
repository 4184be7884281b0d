/* SPDX-License-Identifier: Apache-2.0 */
/* Between flash.c, which checks what is asked for, and the driver of a family's flash. */
#ifndef TSNN_FLASH_DRIVER_H_INCLUDED
#define TSNN_FLASH_DRIVER_H_INCLUDED

#include "tsnn_board_port.h"

/** Erase a sector of the storage, 0 to TSNN_BOARD_STORAGE_SECTORS - 1; false if it fails. */
bool tsnn_flash_erase(uint32_t sector);
/** Program one unit of TSNN_BOARD_STORAGE_WRITE_BYTES at an address; false if it fails. */
bool tsnn_flash_write(uint32_t address, const uint8_t *data);

/** Four bytes of any alignment as a little-endian word. */
static inline uint32_t tsnn_flash_word(const uint8_t *data)
{
    return data[0] | ((uint32_t)data[1] << 8) | ((uint32_t)data[2] << 16) |
           ((uint32_t)data[3] << 24);
}

#endif /* TSNN_FLASH_DRIVER_H_INCLUDED */
