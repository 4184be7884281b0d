/* SPDX-License-Identifier: Apache-2.0 */
/* Vector table and reset of any Cortex-M. The FPU stays off: the firmware is integer only. */
#include <stdint.h>

#include "tsnn_board.h"

int main(void);

/* Set by the linker script; only their addresses mean anything. */
extern uint32_t tsnn_stack_top[];
extern uint32_t tsnn_data_start[];
extern uint32_t tsnn_data_end[];
extern const uint32_t tsnn_data_load[];
extern uint32_t tsnn_bss_start[];
extern uint32_t tsnn_bss_end[];

void Reset_Handler(void);
void SysTick_Handler(void);
void tsnn_uart_handler(void);

/** Stops here: the host sees a device that no longer answers, a debugger sees where. */
static void tsnn_halt(void)
{
    for (;;) {
    }
}

/** Replaced where the counter is SysTick. */
__attribute__((weak)) void SysTick_Handler(void)
{
    tsnn_halt();
}

void Reset_Handler(void)
{
    /* volatile: or a compiler makes calls of library functions of these loops. */
    const uint32_t *from = tsnn_data_load;
    for (volatile uint32_t *to = tsnn_data_start; to != tsnn_data_end; to++) {
        *to = *from;
        from++;
    }
    for (volatile uint32_t *to = tsnn_bss_start; to != tsnn_bss_end; to++) {
        *to = 0;
    }
    (void)main();
    tsnn_halt();
}

typedef void (*tsnn_vector_t)(void);

/** The architecture's vectors, and those of devices as far as the UART's: the only interrupt that
 * is ever enabled. */
typedef struct {
    uint32_t *stack_top;
    tsnn_vector_t handlers[15]; /* exceptions 1 to 15 */
#if defined(TSNN_BOARD_UART_IRQ)
    tsnn_vector_t devices[TSNN_BOARD_UART_IRQ + 1u];
#endif
} tsnn_vectors_t;

extern const tsnn_vectors_t tsnn_vectors;

__attribute__((section(".vectors"), used)) const tsnn_vectors_t tsnn_vectors = {
    tsnn_stack_top,
    {
        Reset_Handler,
        tsnn_halt, /* NMI */
        tsnn_halt, /* HardFault */
        tsnn_halt, /* MemManage */
        tsnn_halt, /* BusFault */
        tsnn_halt, /* UsageFault */
        tsnn_halt, /* SecureFault */
        tsnn_halt,
        tsnn_halt,
        tsnn_halt,
        tsnn_halt, /* SVCall */
        tsnn_halt, /* DebugMonitor */
        tsnn_halt,
        tsnn_halt, /* PendSV */
        SysTick_Handler,
    },
#if defined(TSNN_BOARD_UART_IRQ)
    {[TSNN_BOARD_UART_IRQ] = tsnn_uart_handler},
#endif
};
