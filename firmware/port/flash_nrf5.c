/* SPDX-License-Identifier: Apache-2.0 */
/* nRF51 and nRF52: pages of 1 or 4 KiB, words. nRF52840 Product Specification, chapter "NVMC";
 * nRF51 Series Reference Manual, chapter "NVMC". */
#include "tsnn_flash_driver.h"

#define NVMC_READY TSNN_REGISTER(0x4001E400u)
#define NVMC_CONFIG TSNN_REGISTER(0x4001E504u)
#define NVMC_CONFIG_READ 0u
#define NVMC_CONFIG_WRITE 1u
#define NVMC_CONFIG_ERASE 2u
#define NVMC_ERASEPAGE TSNN_REGISTER(0x4001E508u)

static void tsnn_nvmc_wait(void)
{
    while ((NVMC_READY & 1u) == 0u) {
    }
}

bool tsnn_flash_erase(uint32_t sector)
{
    NVMC_CONFIG = NVMC_CONFIG_ERASE;
    tsnn_nvmc_wait();
    NVMC_ERASEPAGE = TSNN_BOARD_STORAGE_BASE + sector * TSNN_BOARD_STORAGE_SECTOR_BYTES;
    tsnn_nvmc_wait();
    NVMC_CONFIG = NVMC_CONFIG_READ;
    return true; /* the controller reports nothing; the caller looks */
}

bool tsnn_flash_write(uint32_t address, const uint8_t *data)
{
    NVMC_CONFIG = NVMC_CONFIG_WRITE;
    tsnn_nvmc_wait();
    TSNN_REGISTER(address) = tsnn_flash_word(data);
    tsnn_nvmc_wait();
    NVMC_CONFIG = NVMC_CONFIG_READ;
    return true;
}
