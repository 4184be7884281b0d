/* SPDX-License-Identifier: Apache-2.0 */
/* Serves the models of this module to `tinysnn run --on serial` from a Zephyr application. */
#ifndef TSNN_ZEPHYR_H_INCLUDED
#define TSNN_ZEPHYR_H_INCLUDED

/** Serve for ever in the calling thread, over the UART that the devicetree chooses as
 *  tinysnn,uart, else zephyr,shell-uart, else zephyr,console; nothing else may use it.
 *
 * @return -ENODEV if that UART is not ready, or what setting up its interrupt returned
 */
int tsnn_zephyr_serve(void);

#endif /* TSNN_ZEPHYR_H_INCLUDED */
