/* SPDX-License-Identifier: Apache-2.0 */
/* nRF5340 (application core) and nRF9160: pages of 4 KiB, words; a page is erased by writing to its
 * first word. nRF5340 and nRF9160 Product Specification, chapter "NVMC". */
#include "tsnn_flash_driver.h"

#define NVMC_READY TSNN_REGISTER(TSNN_BOARD_STORAGE_CONTROLLER + 0x400u)
#define NVMC_CONFIG TSNN_REGISTER(TSNN_BOARD_STORAGE_CONTROLLER + 0x504u)
#define NVMC_CONFIG_READ 0u
#define NVMC_CONFIG_WRITE 1u
#define NVMC_CONFIG_ERASE 2u

static bool tsnn_nvmc_store(uint32_t mode, uint32_t address, uint32_t word)
{
    NVMC_CONFIG = mode;
    while ((NVMC_READY & 1u) == 0u) {
    }
    TSNN_REGISTER(address) = word;
    while ((NVMC_READY & 1u) == 0u) {
    }
    NVMC_CONFIG = NVMC_CONFIG_READ;
    return true; /* the controller reports nothing; the caller looks */
}

bool tsnn_flash_erase(uint32_t sector)
{
    const uint32_t page = TSNN_BOARD_STORAGE_BASE + sector * TSNN_BOARD_STORAGE_SECTOR_BYTES;
    return tsnn_nvmc_store(NVMC_CONFIG_ERASE, page, 0xFFFFFFFFu);
}

bool tsnn_flash_write(uint32_t address, const uint8_t *data)
{
    return tsnn_nvmc_store(NVMC_CONFIG_WRITE, address, tsnn_flash_word(data));
}
