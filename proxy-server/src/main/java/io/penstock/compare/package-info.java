/**
 * One prompt, several models: a comparison has an exchange of its own for each, and puts their
 * replies together as one. Knows what became of an exchange; not how it is carried out. Start at
 * {@link io.penstock.compare.Comparison}.
 */
@NullMarked
package io.penstock.compare;

import org.jspecify.annotations.NullMarked;
