/* SPDX-License-Identifier: Apache-2.0 */
/* RP2350: the 12 MHz crystal through the system PLL; the system and UART0 at the same clock. Brings
 * pins and UART0 out of reset and connects them: GP0 sends, GP1 receives. RP2350 Datasheet,
 * sections 7.5 (resets), 8.2 (XOSC), 8.6 (PLL), 8.1 (clocks), 9.11 (GPIO). */
#include "tsnn_board_port.h"

#define RESETS_RESET 0x40020000u
#define RESETS_DONE 0x40020008u
#define RESETS_NEEDED 0x04004240u /* IO_BANK0, PADS_BANK0, PLL_SYS, UART0 */
#define XOSC_CTRL 0x40048000u
#define XOSC_CTRL_ENABLE_1_TO_15_MHZ 0x00FABAA0u
#define XOSC_STATUS (XOSC_CTRL + 0x04u)
#define XOSC_STATUS_STABLE 0x80000000u
#define XOSC_STARTUP (XOSC_CTRL + 0x0Cu)
#define XOSC_STARTUP_1_MS 47u /* 12 MHz * 1 ms / 256 */
#define PLL_CS 0x40050000u
#define PLL_CS_LOCK 0x80000000u
#define PLL_PWR (PLL_CS + 0x04u)
#define PLL_PWR_WITHOUT_DIVIDERS 0x0000000Cu /* nor what dithers */
#define PLL_PWR_WITH_DIVIDERS 0x00000004u
#define PLL_FBDIV (PLL_CS + 0x08u)
#define PLL_PRIM (PLL_CS + 0x0Cu)
#define CLK_REF_CTRL 0x40010030u
#define CLK_REF_CTRL_XOSC 0x2u
#define CLK_REF_SELECTED (CLK_REF_CTRL + 0x08u)
#define CLK_SYS_CTRL (CLK_REF_CTRL + 0x0Cu)
#define CLK_SYS_CTRL_PLL 0x1u /* the auxiliary source, which is the PLL */
#define CLK_SYS_SELECTED (CLK_REF_CTRL + 0x14u)
#define CLK_PERI_CTRL (CLK_REF_CTRL + 0x18u)
#define CLK_PERI_CTRL_ENABLE 0x800u
#define GPIO0_CTRL 0x40028004u
#define GPIO1_CTRL (GPIO0_CTRL + 0x08u)
#define GPIO_CTRL_UART 2u
#define PAD_GPIO0 0x40038004u
#define PAD_GPIO1 0x40038008u
#define PAD_INPUT_4_MA_SCHMITT 0x52u /* and no longer isolated */

/* 12 MHz * 125 = 1500 MHz, divided by D1 * 2. */
#define D1 (750000000u / TSNN_BOARD_CLOCK_HZ)
#if D1 * TSNN_BOARD_CLOCK_HZ != 750000000u || D1 < 5u || D1 > 7u
#error "clock_hz of an RP2350 must be 125 or 150 MHz"
#endif
#define PLL_PRIM_BITS ((D1 << 16) | (2u << 12))

/** The crystal becomes the reference. */
static bool tsnn_crystal(void)
{
    TSNN_REGISTER(XOSC_STARTUP) = XOSC_STARTUP_1_MS;
    TSNN_REGISTER(XOSC_CTRL) = XOSC_CTRL_ENABLE_1_TO_15_MHZ;
    if (!tsnn_wait_for(XOSC_STATUS, XOSC_STATUS_STABLE, XOSC_STATUS_STABLE)) {
        return false;
    }
    TSNN_REGISTER(CLK_REF_CTRL) = CLK_REF_CTRL_XOSC;
    return tsnn_wait_for(CLK_REF_SELECTED, 1u << CLK_REF_CTRL_XOSC, 1u << CLK_REF_CTRL_XOSC);
}

/** The PLL runs, then its dividers, then the system from it. */
static bool tsnn_pll(void)
{
    TSNN_REGISTER(PLL_FBDIV) = 125;
    TSNN_REGISTER(PLL_PWR) = PLL_PWR_WITHOUT_DIVIDERS;
    if (!tsnn_wait_for(PLL_CS, PLL_CS_LOCK, PLL_CS_LOCK)) {
        return false;
    }
    TSNN_REGISTER(PLL_PRIM) = PLL_PRIM_BITS;
    TSNN_REGISTER(PLL_PWR) = PLL_PWR_WITH_DIVIDERS;
    TSNN_REGISTER(CLK_SYS_CTRL) = 0;
    TSNN_REGISTER(CLK_SYS_CTRL) = CLK_SYS_CTRL_PLL;
    return tsnn_wait_for(CLK_SYS_SELECTED, 2, 2);
}

void tsnn_clock_init(void)
{
    TSNN_REGISTER(RESETS_RESET) &= ~RESETS_NEEDED;
    (void)tsnn_wait_for(RESETS_DONE, RESETS_NEEDED, RESETS_NEEDED);
    if (tsnn_crystal() && tsnn_pll()) {
        TSNN_REGISTER(CLK_PERI_CTRL) = CLK_PERI_CTRL_ENABLE; /* from the system's clock */
    }
    TSNN_REGISTER(PAD_GPIO0) = PAD_INPUT_4_MA_SCHMITT;
    TSNN_REGISTER(PAD_GPIO1) = PAD_INPUT_4_MA_SCHMITT;
    TSNN_REGISTER(GPIO0_CTRL) = GPIO_CTRL_UART;
    TSNN_REGISTER(GPIO1_CTRL) = GPIO_CTRL_UART;
}
