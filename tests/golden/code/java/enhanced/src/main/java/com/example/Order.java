package com.example;

import com.amazonaws.services.dynamodbv2.datamodeling.DynamoDBTable;

@DynamoDBTable(tableName = "mapped")
public class Order {
    private String id;

    public Order(String id) {
        this.id = id;
    }
}
