/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin for QEMU: the instructions that one function executes, call by call, and where.
 *
 * Arguments, in this order, as name=value (numbers in hexadecimal):
 *   step    address of the function
 *   init    address of the function that begins a new series of calls
 *   skip    ranges first-end:first-end... of functions that exceptions run: what runs there is
 *           not counted, and neither is it taken for the caller
 *   counts  file: one u64 per call, from its first instruction to its return; all ones at an init
 *   blocks  file of BLOCKS records: address, number of instructions and executions of a block
 *   max     number of records in that file
 *
 * Without arguments it only says that it could be loaded. The interface is QEMU's plugin API;
 * versions 1 and 2 are the same in what is used here, so TSNN_PLUGIN_API comes from the command
 * line. One virtual CPU only. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*translated_t)(uint64_t id, struct qemu_plugin_tb *tb);
typedef void (*executed_t)(unsigned int cpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, translated_t callback);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, executed_t callback, int flags,
                                          void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t at);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

EXPORT int qemu_plugin_version = TSNN_PLUGIN_API;
EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

enum { STEP, INIT, SKIP, COUNTS, BLOCKS, MAX, ARGUMENTS };
static const char *const names[ARGUMENTS] = {
    "step=", "init=", "skip=", "counts=", "blocks=", "max="};
#define NO_ADDRESS UINT64_MAX

/** A record of the file of blocks; the host reads it while QEMU runs. */
typedef struct {
    uint64_t address;
    uint64_t instructions;
    uint64_t hits; /**< executions within calls of the function */
} record_t;

/** A translated block. */
typedef struct {
    record_t *record;
    uint64_t end; /**< address behind it: where a call at its end returns to */
} block_t;

#define MAX_SKIPPED 16

static uint64_t number[ARGUMENTS];
static uint64_t skipped[MAX_SKIPPED][2];
static size_t skipped_count;
static record_t *records;
static size_t record_count;
static int counts_file;

/** Address behind the block that ran last; of the step's caller; instructions in this call. */
static uint64_t last_end = NO_ADDRESS;
static uint64_t back = NO_ADDRESS;
static uint64_t count;

static void stop(const char *what)
{
    fprintf(stderr, "tinysnn counter: %s\n", what);
    exit(1);
}

/** Written before the firmware can answer, so the host finds it when the answer is there. */
static void put(uint64_t value)
{
    if (write(counts_file, &value, sizeof value) != (ssize_t)sizeof value) {
        stop("cannot write the counts");
    }
}

static void on_block(unsigned int cpu, void *data)
{
    const block_t *block = data;
    const uint64_t at = block->record->address;
    (void)cpu;
    if (at == back) {
        put(count);
        back = NO_ADDRESS;
    }
    if (at == number[STEP]) {
        back = last_end;
        count = 0;
    } else if (at == number[INIT]) {
        put(UINT64_MAX);
        back = NO_ADDRESS;
    }
    if (back != NO_ADDRESS) {
        count += block->record->instructions;
        block->record->hits++;
    }
    last_end = block->end;
}

static bool is_skipped(uint64_t at)
{
    for (size_t k = 0; k < skipped_count; k++) {
        if (at >= skipped[k][0] && at < skipped[k][1]) {
            return true;
        }
    }
    return false;
}

static void on_translated(uint64_t id, struct qemu_plugin_tb *tb)
{
    const size_t n = qemu_plugin_tb_n_insns(tb);
    const struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(tb, n - 1);
    const uint64_t at = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
    (void)id;
    if (is_skipped(at)) {
        return;
    }
    block_t *block = malloc(sizeof *block); /* lives as long as QEMU may run the block */
    if (block == NULL || record_count == number[MAX]) {
        stop("too many blocks");
        return;
    }
    block->record = &records[record_count++];
    *block->record = (record_t){at, n, 0};
    block->end = qemu_plugin_insn_vaddr(last) + qemu_plugin_insn_size(last);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, 0, block);
}

/** Read the ranges; false if they are not what is expected. */
static bool read_skipped(const char *text)
{
    while (*text != '\0') {
        char *end;
        if (skipped_count == MAX_SKIPPED) {
            return false;
        }
        skipped[skipped_count][0] = strtoull(text, &end, 16);
        if (*end != '-') {
            return false;
        }
        skipped[skipped_count++][1] = strtoull(end + 1, &end, 16);
        text = (*end == ':') ? end + 1 : end;
        if (*end != ':' && *end != '\0') {
            return false;
        }
    }
    return true;
}

static bool open_files(const char *counts, const char *blocks)
{
    const int file = open(blocks, O_RDWR);
    const size_t size = (size_t)number[MAX] * sizeof(record_t);
    counts_file = open(counts, O_WRONLY | O_APPEND);
    if (file < 0 || counts_file < 0) {
        return false;
    }
    records = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return records != MAP_FAILED;
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
    const char *text[ARGUMENTS];
    (void)info;
    if (argc != ARGUMENTS) {
        fprintf(stderr, "tinysnn counter: loaded\n");
        return 1;
    }
    for (int k = 0; k < ARGUMENTS; k++) {
        const size_t length = strlen(names[k]);
        if (strncmp(argv[k], names[k], length) != 0) {
            return 1;
        }
        text[k] = argv[k] + length;
        number[k] = strtoull(text[k], NULL, 16);
    }
    if (!read_skipped(text[SKIP])) {
        fprintf(stderr, "tinysnn counter: cannot read the ranges\n");
        return 1;
    }
    if (!open_files(text[COUNTS], text[BLOCKS])) {
        fprintf(stderr, "tinysnn counter: cannot open its files\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translated);
    return 0;
}
