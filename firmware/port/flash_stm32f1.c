/* SPDX-License-Identifier: Apache-2.0 */
/* STM32F1: pages of 1 or 2 KiB, half-words. PM0075 sections 2.3 (programming and erasing) and 3
 * (registers). */
#include "tsnn_flash_driver.h"

#define FLASH_KEYR TSNN_REGISTER(0x40022004u)
#define FLASH_KEY_1 0x45670123u
#define FLASH_KEY_2 0xCDEF89ABu
#define FLASH_SR TSNN_REGISTER(0x4002200Cu)
#define FLASH_SR_BUSY 0x01u
#define FLASH_SR_ERRORS 0x14u
#define FLASH_SR_CLEAR 0x34u
#define FLASH_CR TSNN_REGISTER(0x40022010u)
#define FLASH_CR_PROGRAM 0x01u
#define FLASH_CR_PAGE_ERASE 0x02u
#define FLASH_CR_START 0x40u
#define FLASH_CR_LOCK 0x80u
#define FLASH_AR TSNN_REGISTER(0x40022014u)

static void tsnn_flash_unlock(void)
{
    if ((FLASH_CR & FLASH_CR_LOCK) != 0u) {
        FLASH_KEYR = FLASH_KEY_1;
        FLASH_KEYR = FLASH_KEY_2;
    }
    FLASH_SR = FLASH_SR_CLEAR;
}

/** Wait for the end of an operation, and lock; whether it went well. */
static bool tsnn_flash_finish(void)
{
    while ((FLASH_SR & FLASH_SR_BUSY) != 0u) {
    }
    const bool good = (FLASH_SR & FLASH_SR_ERRORS) == 0u;
    FLASH_CR = FLASH_CR_LOCK;
    return good;
}

bool tsnn_flash_erase(uint32_t sector)
{
    tsnn_flash_unlock();
    FLASH_CR = FLASH_CR_PAGE_ERASE;
    FLASH_AR = TSNN_BOARD_STORAGE_BASE + sector * TSNN_BOARD_STORAGE_SECTOR_BYTES;
    FLASH_CR = FLASH_CR_PAGE_ERASE | FLASH_CR_START;
    return tsnn_flash_finish();
}

bool tsnn_flash_write(uint32_t address, const uint8_t *data)
{
    tsnn_flash_unlock();
    FLASH_CR = FLASH_CR_PROGRAM;
    TSNN_REGISTER16(address) = (uint16_t)(data[0] | ((uint32_t)data[1] << 8));
    return tsnn_flash_finish();
}
