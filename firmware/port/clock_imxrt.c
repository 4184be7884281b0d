/* SPDX-License-Identifier: Apache-2.0 */
/* i.MX RT1060: the boot ROM has set the core's clock (396 MHz by the chip's fuses as delivered).
 * This stops the third watchdog, which runs after reset, and switches on the instruction cache.
 * i.MX RT1060 Processor Reference Manual, chapters 9.5 (clocks at boot) and "RTWDOG"; ARMv7-M
 * Architecture Reference Manual, B3.2.8 and B3.2.23 (cache). */
#include "tsnn_board_port.h"

#define WDOG3_CS TSNN_REGISTER(0x400BC000u)
#define WDOG3_CS_OFF 0x2120u /* 32-bit commands, may be set up again, not enabled */
#define WDOG3_CNT TSNN_REGISTER(0x400BC004u)
#define WDOG3_CNT_UNLOCK 0xD928C520u
#define WDOG3_TOVAL TSNN_REGISTER(0x400BC008u)
#define SCB_CCR TSNN_REGISTER(0xE000ED14u)
#define SCB_CCR_INSTRUCTION_CACHE 0x00020000u
#define SCB_ICIALLU TSNN_REGISTER(0xE000EF50u)

void tsnn_clock_init(void)
{
    WDOG3_CNT = WDOG3_CNT_UNLOCK;
    WDOG3_TOVAL = 0xFFFF;
    WDOG3_CS = WDOG3_CS_OFF;
    SCB_ICIALLU = 0;
    __asm__ volatile("dsb\n\tisb" : : : "memory");
    SCB_CCR |= SCB_CCR_INSTRUCTION_CACHE;
    __asm__ volatile("dsb\n\tisb" : : : "memory");
}
