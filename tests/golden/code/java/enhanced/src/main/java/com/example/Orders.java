package com.example;

import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbTable;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;

class Orders extends Base {
    private final DynamoDbTable<Order> table;

    Orders(String name) {
        super(name);
        DynamoDbEnhancedClient client = DynamoDbEnhancedClient.create();
        table = client.table(name, TableSchema.fromBean(Order.class));
    }

    void save(Order order) {
        table.putItem(order); // uses: dynamodb:PutItem on table/{ENHANCED_TABLE}
        describe();
    }
}
