/* SPDX-License-Identifier: Apache-2.0 */
/* Stellaris LM3S6965: the 8 MHz crystal through the PLL, 200 MHz, divided. LM3S6965 Microcontroller
 * Data Sheet, section 5.3 (initialisation) and registers RIS and RCC of section 5.5. */
#include "tsnn_board_port.h"

#define SYSCTL_RIS 0x400FE050u
#define SYSCTL_RIS_PLL_LOCKED 0x40u
#define SYSCTL_RCC 0x400FE060u
#define RCC_MAIN_OSC_OFF 0x00000001u
#define RCC_SOURCE 0x00000030u /* 0: the main oscillator */
#define RCC_CRYSTAL 0x000003C0u
#define RCC_CRYSTAL_8_MHZ 0x00000380u
#define RCC_BYPASS 0x00000800u
#define RCC_PLL_OFF 0x00002000u
#define RCC_USE_DIVIDER 0x00400000u
#define RCC_DIVIDER 0x07800000u

#define DIVIDER (200000000u / TSNN_BOARD_CLOCK_HZ)
#if DIVIDER * TSNN_BOARD_CLOCK_HZ != 200000000u || DIVIDER < 4u || DIVIDER > 16u
#error "clock_hz of an LM3S6965 must be 200 MHz divided by 4 to 16"
#endif

void tsnn_clock_init(void)
{
    uint32_t rcc = TSNN_REGISTER(SYSCTL_RCC);
    rcc = (rcc | RCC_BYPASS) & ~(RCC_USE_DIVIDER | RCC_MAIN_OSC_OFF);
    TSNN_REGISTER(SYSCTL_RCC) = rcc;
    rcc &= ~(RCC_SOURCE | RCC_CRYSTAL | RCC_PLL_OFF | RCC_DIVIDER);
    rcc |= RCC_CRYSTAL_8_MHZ;
    TSNN_REGISTER(SYSCTL_RCC) = rcc;
    rcc |= RCC_USE_DIVIDER | ((DIVIDER - 1u) << 23);
    TSNN_REGISTER(SYSCTL_RCC) = rcc;
    if (tsnn_wait_for(SYSCTL_RIS, SYSCTL_RIS_PLL_LOCKED, SYSCTL_RIS_PLL_LOCKED)) {
        TSNN_REGISTER(SYSCTL_RCC) = rcc & ~RCC_BYPASS;
    }
}
