/**
 * The web console in a real browser. Compiled and run where Debian's Chromium is, by the Maven
 * profile {@code browser}.
 */
package io.penstock.browser;
