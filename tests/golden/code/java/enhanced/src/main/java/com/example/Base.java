package com.example;

import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

abstract class Base {
    protected final String name;
    private static final DynamoDbClient CLIENT = DynamoDbClient.create();

    Base(String name) {
        this.name = name;
    }

    protected void describe() {
        CLIENT.describeTable(b -> b.tableName(name)); // uses: dynamodb:DescribeTable on table/{ENHANCED_TABLE}
    }
}
