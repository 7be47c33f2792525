/**
 * The composition root: builds every part, holds the pipeline that each request goes through, and
 * starts, reloads, drains and stops the whole. Start at {@link io.penstock.server.Penstock}, then
 * {@link io.penstock.server.RequestPipeline}.
 */
package io.penstock.server;
