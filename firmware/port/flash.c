/* SPDX-License-Identifier: Apache-2.0 */
/* Flash for saved weights: what is the same on every board. */
#include "tsnn_flash_driver.h"

#define STORAGE_BYTES (TSNN_BOARD_STORAGE_SECTOR_BYTES * TSNN_BOARD_STORAGE_SECTORS)
#define STORAGE_DATA ((const uint8_t *)(uintptr_t)TSNN_BOARD_STORAGE_BASE)

const tsnn_port_flash_t tsnn_port_flash = {
    STORAGE_DATA,
    TSNN_BOARD_STORAGE_SECTOR_BYTES,
    TSNN_BOARD_STORAGE_SECTORS,
    TSNN_BOARD_STORAGE_WRITE_BYTES,
    TSNN_BOARD_STORAGE_ERASED,
};

/** Whether the flash holds these bytes; read as it is, not as a compiler may remember it. */
static bool tsnn_flash_holds(uint32_t offset, const uint8_t *data, size_t count)
{
    const volatile uint8_t *at = STORAGE_DATA + offset;
    for (size_t k = 0; k < count; k++) {
        if (at[k] != data[k]) {
            return false;
        }
    }
    return true;
}

tsnn_flash_status_t tsnn_port_flash_erase(uint32_t sector)
{
    if (sector >= TSNN_BOARD_STORAGE_SECTORS) {
        return TSNN_FLASH_BAD_RANGE;
    }
    if (!tsnn_flash_erase(sector)) {
        return TSNN_FLASH_FAILED;
    }
    const volatile uint8_t *at = STORAGE_DATA + sector * TSNN_BOARD_STORAGE_SECTOR_BYTES;
    for (uint32_t k = 0; k < TSNN_BOARD_STORAGE_SECTOR_BYTES; k++) {
        if (at[k] != TSNN_BOARD_STORAGE_ERASED) {
            return TSNN_FLASH_FAILED;
        }
    }
    return TSNN_FLASH_OK;
}

tsnn_flash_status_t tsnn_port_flash_program(uint32_t offset, const uint8_t *data, size_t count)
{
    if (offset > STORAGE_BYTES || count > STORAGE_BYTES - offset ||
        ((offset | count) & (TSNN_BOARD_STORAGE_WRITE_BYTES - 1u)) != 0u) {
        return TSNN_FLASH_BAD_RANGE;
    }
    for (size_t k = 0; k < count; k += TSNN_BOARD_STORAGE_WRITE_BYTES) {
        if (!tsnn_flash_write(TSNN_BOARD_STORAGE_BASE + offset + (uint32_t)k, &data[k])) {
            return TSNN_FLASH_FAILED;
        }
    }
    return tsnn_flash_holds(offset, data, count) ? TSNN_FLASH_OK : TSNN_FLASH_FAILED;
}
