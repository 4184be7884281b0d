/* SPDX-License-Identifier: Apache-2.0 */
/* A flash in memory whose power fails at a chosen operation, and long runs of saves on it. */
#include <stdbool.h>

#include "tsnn_learn.h"
#include "tsnn_store.h"

#define DRIVER_FLASH_MAX 8192u
#define DRIVER_RECORD_MAX 1024u

/** How an operation ends when the power fails in it. */
enum {
    DRIVER_BEFORE = 0,  /**< nothing has happened */
    DRIVER_HALFWAY = 1, /**< some bits have changed */
    DRIVER_AFTER = 2    /**< all has happened, but nobody was told */
};

/** What came of a run. */
typedef struct {
    uint32_t cuts;
    uint32_t old;  /**< what was there before was still there */
    uint32_t new;  /**< what was to be saved was there */
    uint32_t lost; /**< neither */
    uint32_t operations;
} driver_counts_t;

typedef struct {
    uint32_t unit;
    uint32_t rng;
    uint32_t left; /**< operations until the power fails; UINT32_MAX: never */
    uint32_t mode;
    uint32_t done;
    uint32_t worn; /**< sector that cannot be erased any more, + 1; 0: none */
    bool dead;
} driver_t;

static uint8_t driver_flash[DRIVER_FLASH_MAX];
static uint8_t driver_dirty[DRIVER_FLASH_MAX];
static uint8_t driver_record[DRIVER_RECORD_MAX];
static driver_t driver;
static uint8_t driver_digest[32];
static tsnn_store_flash_t driver_geometry;
static tsnn_learn_t driver_learn;
static tsnn_model_t driver_model;
uint32_t driver_misuse;

/** Whether the power is there for the next operation; *mode is how it ends. */
static bool driver_powered(uint32_t *mode)
{
    *mode = DRIVER_AFTER;
    if (driver.dead) {
        return false;
    }
    driver.done++;
    if (driver.left != UINT32_MAX) {
        if (driver.left == 0u) {
            driver.dead = true;
            *mode = driver.mode;
            return true;
        }
        driver.left--;
    }
    return true;
}

static tsnn_status_t driver_erase(uint32_t sector)
{
    const uint32_t size = driver_geometry.sector_bytes;
    uint32_t mode;
    if (!driver_powered(&mode)) {
        return TSNN_ERR_FLASH;
    }
    for (uint32_t k = sector * size; k < (sector + 1u) * size && mode != (uint32_t)DRIVER_BEFORE;
         k++) {
        if (driver.worn == sector + 1u && (k & 63u) == 5u) {
            continue;
        }
        const uint8_t mask = (mode == (uint32_t)DRIVER_HALFWAY)
                                 ? (uint8_t)(tsnn_random(&driver.rng) & 255u)
                                 : (uint8_t)255u;
        driver_flash[k] =
            (uint8_t)((driver_flash[k] & ~mask & 255) | (driver_geometry.erased & mask));
        driver_dirty[k] = (mode == (uint32_t)DRIVER_HALFWAY) ? 1u : 0u;
    }
    return driver.dead ? TSNN_ERR_FLASH : TSNN_OK;
}

static tsnn_status_t driver_program_unit(uint32_t offset, const uint8_t *data)
{
    uint32_t mode;
    if (!driver_powered(&mode)) {
        return TSNN_ERR_FLASH;
    }
    for (uint32_t k = 0; k < driver.unit && mode != (uint32_t)DRIVER_BEFORE; k++) {
        const uint8_t mask = (mode == (uint32_t)DRIVER_HALFWAY)
                                 ? (uint8_t)(tsnn_random(&driver.rng) & 255u)
                                 : (uint8_t)255u;
        if (driver_dirty[offset + k] != 0u) {
            driver_misuse++; /* programmed twice, or after an erasure that was cut short */
        }
        driver_flash[offset + k] =
            (uint8_t)((driver_flash[offset + k] & ~mask & 255) | (data[k] & mask));
        driver_dirty[offset + k] = 1u;
    }
    return driver.dead ? TSNN_ERR_FLASH : TSNN_OK;
}

static tsnn_status_t driver_program(uint32_t offset, const uint8_t *data, uint32_t count)
{
    const uint32_t total = driver_geometry.sector_bytes * driver_geometry.sectors;
    if ((offset % driver.unit) != 0u || (count % driver.unit) != 0u || count > total ||
        offset > total - count) {
        driver_misuse++;
        return TSNN_ERR_FLASH;
    }
    for (uint32_t k = 0; k < count; k += driver.unit) {
        if (driver_program_unit(offset + k, &data[k]) != TSNN_OK) {
            return TSNN_ERR_FLASH;
        }
    }
    return TSNN_OK;
}

static tsnn_status_t driver_init(void *state)
{
    for (uint32_t k = 0; k < DRIVER_RECORD_MAX; k++) {
        ((uint8_t *)state)[k] = 0;
    }
    return TSNN_OK;
}

static tsnn_status_t driver_check(const void *state)
{
    return (((const uint8_t *)state)[0] != 0u) ? TSNN_OK : TSNN_ERR_DATA;
}

/** A blank flash of some geometry, and a model with a record of some bytes. */
void driver_begin(uint32_t sector_bytes, uint32_t sectors, uint32_t unit, uint32_t erased,
                  uint32_t bytes)
{
    driver_geometry = (tsnn_store_flash_t){driver_flash,    sector_bytes, sectors,       unit,
                                           (uint8_t)erased, driver_erase, driver_program};
    driver_learn = (tsnn_learn_t){.bytes = bytes, .init = driver_init, .check = driver_check};
    driver_model =
        (tsnn_model_t){.name = "driver", .digest = driver_digest, .learn = &driver_learn};
    driver = (driver_t){.unit = unit, .rng = 1u, .left = UINT32_MAX};
    driver_misuse = 0u;
    driver_digest[0] = 7u;
    for (uint32_t k = 0; k < DRIVER_FLASH_MAX; k++) {
        driver_flash[k] = (uint8_t)erased;
        driver_dirty[k] = 0u;
    }
}

/** Record number `number`; byte 0 is never 0. */
static void driver_fill(uint32_t number)
{
    uint32_t rng = number + 1u;
    for (uint32_t k = 0; k < driver_learn.bytes; k++) {
        driver_record[k] = (uint8_t)(((tsnn_random(&rng) >> 8) & 255u) | ((k == 0u) ? 1u : 0u));
    }
}

/** Whether memory holds record `number`. */
static bool driver_holds(uint32_t number)
{
    uint32_t rng = number + 1u;
    for (uint32_t k = 0; k < driver_learn.bytes; k++) {
        if (driver_record[k] !=
            (uint8_t)(((tsnn_random(&rng) >> 8) & 255u) | ((k == 0u) ? 1u : 0u))) {
            return false;
        }
    }
    return true;
}

int32_t driver_save(uint32_t number)
{
    driver_fill(number);
    return (int32_t)tsnn_store_save(&driver_geometry, &driver_model, driver_record);
}

/** Load; the record's number if it is `expected`, else the status less 1000 if it is another. */
int32_t driver_load(uint32_t expected)
{
    (void)driver_init(driver_record);
    const tsnn_status_t status = tsnn_store_load(&driver_geometry, &driver_model, driver_record);
    if (status != TSNN_OK) {
        return (int32_t)status;
    }
    return driver_holds(expected) ? 0 : -1000;
}

/** Flip bits of a byte of the flash; wear a sector out; change the model. */
void driver_damage(uint32_t offset, uint32_t bits)
{
    driver_flash[offset] = (uint8_t)(driver_flash[offset] ^ bits);
}

void driver_wear(uint32_t sector)
{
    driver.worn = sector + 1u;
}

void driver_other_model(uint32_t first)
{
    driver_digest[0] = (uint8_t)first;
}

/** Save once without a cut; how many operations that takes. */
static uint32_t driver_operations(uint32_t number)
{
    driver.done = 0u;
    driver.left = UINT32_MAX;
    driver.dead = false;
    (void)driver_save(number);
    return driver.done;
}

/** Save record `number` with the power failing at operation `at`; start again and look. */
static void driver_cut(uint32_t number, uint32_t at, uint32_t mode, uint32_t *current,
                       driver_counts_t *counts)
{
    driver.left = at;
    driver.mode = mode;
    driver.dead = false;
    (void)driver_save(number);
    const bool cut = driver.dead;
    driver.left = UINT32_MAX;
    driver.dead = false;
    counts->cuts += cut ? 1u : 0u;
    if (driver_load(number) == 0) {
        counts->new ++;
        *current = number;
    } else if (cut && *current != 0u && driver_load(*current) == 0) {
        counts->old++;
    } else if (cut && *current == 0u && driver_load(0u) < 0) {
        counts->old++; /* nothing had been saved */
    } else {
        counts->lost++;
    }
}

/** Cut at every operation of a save in every way, again and again on the same flash.
 *
 * @param rounds how often all operations are cut in turn
 */
void driver_campaign(uint32_t rounds, driver_counts_t *counts)
{
    uint32_t number = 1u;
    uint32_t current = 0u;
    *counts = (driver_counts_t){0};
    for (uint32_t mode = 0; mode < 3u; mode++) { /* the first save of all, cut at its first steps */
        driver_cut(number++, mode, mode, &current, counts);
    }
    (void)driver_operations(number);
    current = number++;
    const uint32_t operations = driver_operations(number);
    current = number++;
    counts->operations = operations;
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t at = 0; at < operations; at++) {
            for (uint32_t mode = 0; mode < 3u; mode++) {
                driver_cut(number, at, mode, &current, counts);
                number++;
                if ((number % 5u) == 0u) { /* a save that succeeds: the slots change places */
                    driver_cut(number, UINT32_MAX, mode, &current, counts);
                    number++;
                }
            }
        }
    }
}
