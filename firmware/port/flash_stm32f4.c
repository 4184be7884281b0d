/* SPDX-License-Identifier: Apache-2.0 */
/* STM32F4: sectors of 16 to 128 KiB, words. RM0090 sections 3.6 (erase and program) and 3.9
 * (registers). */
#include "tsnn_flash_driver.h"

#define FLASH_ACR TSNN_REGISTER(0x40023C00u)
#define FLASH_ACR_DATA_CACHE 0x0400u
#define FLASH_ACR_DATA_CACHE_RESET 0x1000u
#define FLASH_KEYR TSNN_REGISTER(0x40023C04u)
#define FLASH_KEY_1 0x45670123u
#define FLASH_KEY_2 0xCDEF89ABu
#define FLASH_SR TSNN_REGISTER(0x40023C0Cu)
#define FLASH_SR_BUSY 0x00010000u
#define FLASH_SR_ERRORS 0x000000F2u
#define FLASH_CR TSNN_REGISTER(0x40023C10u)
#define FLASH_CR_PROGRAM 0x00000001u
#define FLASH_CR_SECTOR_ERASE 0x00000002u
#define FLASH_CR_SECTOR_AT 3
#define FLASH_CR_BY_WORDS 0x00000200u
#define FLASH_CR_START 0x00010000u
#define FLASH_CR_LOCK 0x80000000u

static void tsnn_flash_unlock(void)
{
    if ((FLASH_CR & FLASH_CR_LOCK) != 0u) {
        FLASH_KEYR = FLASH_KEY_1;
        FLASH_KEYR = FLASH_KEY_2;
    }
    FLASH_SR = FLASH_SR_ERRORS;
}

/** Wait for the end of an operation, and lock; whether it went well. */
static bool tsnn_flash_finish(void)
{
    while ((FLASH_SR & FLASH_SR_BUSY) != 0u) {
    }
    const bool good = (FLASH_SR & FLASH_SR_ERRORS) == 0u;
    FLASH_CR = FLASH_CR_LOCK;
    /* What the cache holds may be what was there before; it can only be reset while it is off. */
    const uint32_t access = FLASH_ACR;
    FLASH_ACR = access & ~FLASH_ACR_DATA_CACHE;
    FLASH_ACR = (access & ~FLASH_ACR_DATA_CACHE) | FLASH_ACR_DATA_CACHE_RESET;
    FLASH_ACR = access;
    return good;
}

bool tsnn_flash_erase(uint32_t sector)
{
    const uint32_t number = TSNN_BOARD_STORAGE_FIRST_SECTOR + sector;
    const uint32_t control = FLASH_CR_SECTOR_ERASE | (number << FLASH_CR_SECTOR_AT);
    tsnn_flash_unlock();
    FLASH_CR = control | FLASH_CR_BY_WORDS;
    FLASH_CR = control | FLASH_CR_BY_WORDS | FLASH_CR_START;
    return tsnn_flash_finish();
}

bool tsnn_flash_write(uint32_t address, const uint8_t *data)
{
    tsnn_flash_unlock();
    FLASH_CR = FLASH_CR_PROGRAM | FLASH_CR_BY_WORDS;
    TSNN_REGISTER(address) = tsnn_flash_word(data);
    return tsnn_flash_finish();
}
