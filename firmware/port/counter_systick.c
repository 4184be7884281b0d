/* SPDX-License-Identifier: Apache-2.0 */
/* SysTick, clocked by the core, extended from 24 to 32 bits by its exception. */
#include "tsnn_board_port.h"

#define SYST_CSR TSNN_REGISTER(0xE000E010u)
#define SYST_RVR TSNN_REGISTER(0xE000E014u)
#define SYST_CVR TSNN_REGISTER(0xE000E018u)
#define SYST_CSR_CORE_CLOCK_IRQ_ENABLE 0x7u
#define SYST_MAX 0x00FFFFFFu
#define SCB_ICSR TSNN_REGISTER(0xE000ED04u)
#define SCB_ICSR_PENDSTSET 0x04000000u

void SysTick_Handler(void);

/** Times the counter went round, modulo 2^32; the low 8 bits are bits 24 to 31 of the count. */
static volatile uint32_t tsnn_systick_rounds;

void SysTick_Handler(void)
{
    tsnn_systick_rounds++;
}

void tsnn_counter_init(void)
{
    SYST_RVR = SYST_MAX;
    SYST_CVR = 0;
    SYST_CSR = SYST_CSR_CORE_CLOCK_IRQ_ENABLE;
}

uint32_t tsnn_port_ticks(void)
{
    uint32_t rounds;
    uint32_t low;
    /* The values belong together if the counter has not gone round between the reads: no exception
     * has run, and none is about to. */
    do {
        rounds = tsnn_systick_rounds;
        low = SYST_MAX - SYST_CVR;
    } while ((SCB_ICSR & SCB_ICSR_PENDSTSET) != 0u || rounds != tsnn_systick_rounds);
    return (rounds << 24) | low;
}
