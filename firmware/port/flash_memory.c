/* SPDX-License-Identifier: Apache-2.0 */
/* "Flash" that is memory: emulators, and the FPGA boards, whose code memory is RAM. It behaves as
 * flash does: programming only clears bits. */
#include "tsnn_flash_driver.h"

bool tsnn_flash_erase(uint32_t sector)
{
    const uint32_t base = TSNN_BOARD_STORAGE_BASE + sector * TSNN_BOARD_STORAGE_SECTOR_BYTES;
    for (uint32_t k = 0; k < TSNN_BOARD_STORAGE_SECTOR_BYTES; k += 4u) {
        TSNN_REGISTER(base + k) = 0xFFFFFFFFu;
    }
    return true;
}

bool tsnn_flash_write(uint32_t address, const uint8_t *data)
{
    for (uint32_t k = 0; k < TSNN_BOARD_STORAGE_WRITE_BYTES; k += 4u) {
        TSNN_REGISTER(address + k) &= tsnn_flash_word(&data[k]);
    }
    return true;
}
