/* SPDX-License-Identifier: Apache-2.0 */
#include "tsnn_board_port.h"

/** One read-modify-write that the board's file asks for (clock gates, pins). */
typedef struct {
    uint32_t address; /**< 0 ends the list */
    uint32_t clear;   /**< bits to clear, first */
    uint32_t set;     /**< bits to set */
} tsnn_setup_t;

static const tsnn_setup_t tsnn_board_setup[] = {TSNN_BOARD_SETUP{0, 0, 0}};

const uint8_t tsnn_port_counter = TSNN_BOARD_COUNTER_KIND;
const uint32_t tsnn_port_clock_hz = TSNN_BOARD_COUNTER_HZ;
const char tsnn_port_board[] = TSNN_BOARD_ID;
const char tsnn_port_core[] = TSNN_BOARD_CORE;

#if defined(TSNN_HELIUM)
#define SCB_CPACR TSNN_REGISTER(0xE000ED88u)
#define SCB_CPACR_CP10_CP11_FULL 0x00F00000u
#define FPU_FPCCR TSNN_REGISTER(0xE000EF34u)
#define FPU_FPCCR_ASPEN_LSPEN 0xC0000000u
#define FPU_FPSCR_LTPSIZE_NONE 0x00040000u

/** Switch on the vector unit. Exceptions need not save its registers: no handler uses them.
 * LTPSIZE, undefined after reset, is otherwise set when an exception frame is reserved. */
static void tsnn_helium_init(void)
{
    register uint32_t fpscr __asm__("r0") = FPU_FPSCR_LTPSIZE_NONE;
    SCB_CPACR |= SCB_CPACR_CP10_CP11_FULL;
    FPU_FPCCR &= ~FPU_FPCCR_ASPEN_LSPEN;
    /* vmsr fpscr, r0: as a number, for compilers that were told to keep off the unit */
    __asm__ volatile("dsb\n\tisb\n\t.inst.w 0xEEE10A10" : : "r"(fpscr) : "memory");
}
#endif

#if defined(TSNN_BOARD_UART_IRQ)
#define SCB_VTOR TSNN_REGISTER(0xE000ED08u)
#define NVIC_ISER(number) TSNN_REGISTER(0xE000E100u + 4u * ((number) / 32u))

extern const uint32_t tsnn_vectors[];

/** Let the UART interrupt. A boot loader may have left another table of vectors in force; a core
 *  without this register ignores the write and has its table at 0. */
static void tsnn_interrupt_init(void)
{
    SCB_VTOR = (uint32_t)(uintptr_t)tsnn_vectors;
    NVIC_ISER(TSNN_BOARD_UART_IRQ) = 1u << (TSNN_BOARD_UART_IRQ % 32u);
}
#endif

void tsnn_port_init(void)
{
#if defined(TSNN_HELIUM)
    tsnn_helium_init();
#endif
    for (const tsnn_setup_t *step = tsnn_board_setup; step->address != 0u; step++) {
        const uint32_t kept = TSNN_REGISTER(step->address) & ~step->clear;
        TSNN_REGISTER(step->address) = kept | step->set;
    }
    tsnn_clock_init();
    tsnn_uart_init();
    tsnn_counter_init();
#if defined(TSNN_BOARD_UART_IRQ)
    tsnn_interrupt_init();
#endif
}
