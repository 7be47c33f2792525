package io.penstock.translate.request;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrictSchemaTest {
    private static boolean isStrict(String schema) {
        return StrictSchema.isStrict(Raw.ofJson(JsonTree.quoted(schema)));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{'type':'object','properties':{},'required':[],'additionalProperties':false}",
        "{'additionalProperties':false,'required':['b','a'],'properties':{'a':{'type':'string'},"
            + "'b':{'type':['array','null'],'items':{'type':'number'}}},'type':'object'}",
        "{'type':'object','properties':{'type':{'enum':[{'type':'object'}]}},'required':['type'],"
            + "'additionalProperties':false}",
        "{'type':'object','properties':{'maxLength':{'type':'integer','minimum':1},'a':"
            + "{'$ref':'#/$defs/a'},'b':{'anyOf':[{'type':'string','format':'email'},{'type':"
            + "'null'}]}},'required':['maxLength','a','b'],'additionalProperties':false}",
        "{'type':'string'}"})
    void passesClosedObjectsWithAllRequired(String schema) {
        assertThat(isStrict(schema)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{'type':'object'}",
        "{'type':'object','properties':{}}",
        "{'type':'object','properties':{},'additionalProperties':true}",
        "{'type':'object','properties':{'a':{}},'additionalProperties':false}",
        "{'properties':{'a':{'type':'array','items':{'type':'object'}}},'required':['a'],"
            + "'additionalProperties':false}",
        "{'type':'object','properties':{'a':{'anyOf':[{'type':'object','properties':{}}]}},"
            + "'required':['a'],'additionalProperties':false}",
        "{'$defs':{'x':{'type':'object'}},'type':'object','properties':{},'required':[],"
            + "'additionalProperties':false}",
        "{'$defs':['x'],'type':'object'}",
        "{'type':['object','null']}",
        "{'type':'object','properties':{'a':{'type':'string','maxLength':3}},'required':['a'],"
            + "'additionalProperties':false}",
        "{'type':'object','properties':{'a':{'type':'string','format':'uri'}},'required':['a'],"
            + "'additionalProperties':false}",
        "{'type':'object','properties':{'a':{'type':'string','default':''}},'required':['a'],"
            + "'additionalProperties':false}",
        "{'type':'object','properties':{'a':{'$ref':'#','description':'b'}},'required':['a'],"
            + "'additionalProperties':false}",
        "{'type':'object','properties':{},'additionalProperties':false,'oneOf':[]}",
        "{'anyOf':[{'type':'string'}]}"})
    void refusesOthersHoweverDeep(String schema) {
        assertThat(isStrict(schema)).isFalse();
    }
}
