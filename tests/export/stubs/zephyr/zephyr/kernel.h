/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STUB_KERNEL_H_INCLUDED
#define STUB_KERNEL_H_INCLUDED

#include <zephyr/device.h>

typedef struct {
    int64_t ticks;
} k_timeout_t;
#define K_FOREVER ((k_timeout_t){-1})

struct k_sem {
    unsigned int count;
    unsigned int limit;
};
#define K_SEM_DEFINE(name, initial, maximum) struct k_sem name = {(initial), (maximum)}

void k_sem_give(struct k_sem *sem);
int k_sem_take(struct k_sem *sem, k_timeout_t timeout);
void k_yield(void);
uint32_t k_cycle_get_32(void);

#endif
