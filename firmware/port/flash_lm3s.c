/* SPDX-License-Identifier: Apache-2.0 */
/* Stellaris LM3S: pages of 1 KiB, words. LM3S6965 Microcontroller Data Sheet, section 7.2.2 and
 * registers FMA, FMD, FMC, FCRIS and USECRL of section 7.5. */
#include "tsnn_flash_driver.h"

#define FLASH_FMA TSNN_REGISTER(0x400FD000u)
#define FLASH_FMD TSNN_REGISTER(0x400FD004u)
#define FLASH_FMC TSNN_REGISTER(0x400FD008u)
#define FLASH_FMC_KEY 0xA4420000u
#define FLASH_FMC_WRITE 0x1u
#define FLASH_FMC_ERASE 0x2u
#define FLASH_FCRIS TSNN_REGISTER(0x400FD00Cu)
#define FLASH_FCRIS_PROTECTED 0x1u
#define FLASH_FCMISC TSNN_REGISTER(0x400FD014u)
#define SYSCTL_USECRL TSNN_REGISTER(0x400FE140u)

/** Start an operation and wait for its end; false if the page is protected. */
static bool tsnn_flash_command(uint32_t address, uint32_t command)
{
    SYSCTL_USECRL = TSNN_BOARD_CLOCK_HZ / 1000000u - 1u; /* its clock for timing */
    FLASH_FCMISC = FLASH_FCRIS_PROTECTED;
    FLASH_FMA = address;
    FLASH_FMC = FLASH_FMC_KEY | command;
    while ((FLASH_FMC & command) != 0u) {
    }
    return (FLASH_FCRIS & FLASH_FCRIS_PROTECTED) == 0u;
}

bool tsnn_flash_erase(uint32_t sector)
{
    const uint32_t page = TSNN_BOARD_STORAGE_BASE + sector * TSNN_BOARD_STORAGE_SECTOR_BYTES;
    return tsnn_flash_command(page, FLASH_FMC_ERASE);
}

bool tsnn_flash_write(uint32_t address, const uint8_t *data)
{
    FLASH_FMD = tsnn_flash_word(data);
    return tsnn_flash_command(address, FLASH_FMC_WRITE);
}
